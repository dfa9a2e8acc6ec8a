/** The released version, as in package.json. */
export const VERSION = '1.0.0'

/** The client's name, as the service and GitHub receive it. */
export const USER_AGENT = `milvus-import-gate/${VERSION}`
