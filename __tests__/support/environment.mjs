// Jest's environment with a plain global object. Jest's own is a proxy, which makes each use of `Math` or `Object` slow.
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    const proxied = this.global
    this.context = vm.createContext(vm.constants.DONT_CONTEXTIFY)
    this.global = vm.runInContext('globalThis', this.context)
    for (const key of Reflect.ownKeys(proxied)) {
      if (!(key in this.global)) Object.defineProperty(this.global, key, Object.getOwnPropertyDescriptor(proxied, key))
    }
    const { Buffer, ArrayBuffer, Uint8Array } = globalThis
    Object.assign(this.global, { global: this.global, Buffer, ArrayBuffer, Uint8Array })
    this.global.Error.stackTraceLimit = 100
  }
}
