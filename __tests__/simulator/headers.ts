/** Who asks, by which scheme (in lower case); empty where the header says nothing that a service could read. */
export function credentialsOf(authorization = ''): { readonly scheme: string; readonly key: string } {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) (.+)$/i.exec(authorization) ?? []
  return scheme.toLowerCase() === 'basic'
    ? { scheme: 'basic', key: Buffer.from(value, 'base64').toString() }
    : { scheme: scheme.toLowerCase(), key: value }
}

/** One text for a header, however often it came. */
export function headerText(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join() : (value ?? '')
}
