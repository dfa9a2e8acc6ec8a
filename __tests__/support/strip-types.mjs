// Jest's way to TypeScript: Node's own, which keeps every line and column where it is; before Node 22.13 the compiler's.
import * as module from 'node:module'

const { stripTypeScriptTypes = await stripWithTheCompiler() } = module

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
}

async function stripWithTheCompiler() {
  const { default: typescript } = await import('typescript')
  const compilerOptions = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2023 }
  return (source) => typescript.transpileModule(source, { compilerOptions }).outputText
}
