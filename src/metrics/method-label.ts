const known: ReadonlyMap<string, string> = new Map(
  ['CONNECT', 'DELETE', 'GET', 'HEAD', 'NOTIFY', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'].map((method) => [
    method,
    method.toLowerCase(),
  ]),
)

/** The value of the label `method`: as Distribution's promhttp spells it, with one value for all methods that it does not know. */
export function methodLabel(method: string): string {
  return known.get(method) ?? 'unknown'
}
