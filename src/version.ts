/** The released version, as in package.json; tells the service who asks. */
export const VERSION = '1.0.0'
