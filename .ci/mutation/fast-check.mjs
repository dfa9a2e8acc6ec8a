// In the place of fast-check: the one that the environment has loaded once for all mutants.
export default globalThis.fastCheck
