import { expect, it } from '@jest/globals'
import { isReadableOnTheWay } from '../../src/service/plain-http.ts'

it.each([
  ...['milvus.example', 'milvus.example:19530', '8.8.8.8', '126.255.255.255', '128.0.0.1', '9.255.255.255', '11.0.0.0'],
  ...['172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '169.253.255.255', '169.255.0.0'],
  ...[
    '100.63.255.255',
    '100.128.0.0',
    '0.0.0.1',
    '[::2]',
    '[2001:db8::1]',
    '[fbff::1]',
    '[fe00::1]',
    '[fec0::1]',
    'local.example',
    'internal.example.com',
  ],
  ...['mylocal.example.xlocal', 'a.lan.example', 'home.arpa.example', 'a.homexarpa'],
])('a key to http://%s can be read on the way', (host) => {
  expect(isReadableOnTheWay(`http://${host}`)).toBe(true)
  expect(isReadableOnTheWay(`https://${host}`)).toBe(false)
})

it.each([
  ...['localhost', 'localhost:19530', 'milvus', 'milvus:19530', 'MILVUS.LOCAL', 'a.localhost', 'a.b.internal', 'a.lan'],
  ...['milvus.default.svc', 'nas.home.arpa', '127.0.0.1', '127.255.255.254', '10.0.0.1', '10.255.255.255'],
  ...['172.16.0.0', '172.31.255.255', '192.168.0.1', '192.168.255.255', '169.254.169.254'],
  ...['0.0.0.0:19530', '[::]:19530', '100.64.0.0', '100.127.255.255'],
  ...['[::1]', '[fc00::1]', '[fdff::1]', '[fe80::1]', '[febf::1]'],
])('a key to http://%s stays near', (host) => {
  expect(isReadableOnTheWay(`http://${host}`)).toBe(false)
})
