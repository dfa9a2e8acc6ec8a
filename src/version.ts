/** The released version, as in package.json. */
export const VERSION = '1.0.0'

/** Who asks, as the service and GitHub are told. */
export const USER_AGENT = `milvus-import-gate/${VERSION}`
