import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bodyOf } from './endurance-replies.ts'

/** A service in a process of its own: says where it listens, and that its job is through at the poll asked for. */
const amount = Number(process.argv[2])
let polls = 0
const server = createServer((request, response) => {
  polls += 1
  request.resume()
  response.setHeader('Content-Type', 'application/json')
  response.end(polls < amount ? bodyOf(8, polls % 100) : bodyOf(8, 100))
}).listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
// Whoever asked for it is gone.
process.stdin.resume().on('end', () => process.exit())
