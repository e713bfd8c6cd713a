/** A cloud's networks, such as `3.5.140.0/22`, of a document that came from elsewhere. */
export type ReadNetworks = (document: unknown) => readonly string[]

/**
 * Amazon's, of all regions or of some (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html).
 *
 * @param regions in lower case; undefined: all
 */
export function amazonNetworks(regions?: readonly string[]): ReadNetworks {
  return (document) =>
    [...entriesOf(document, 'prefixes'), ...entriesOf(document, 'ipv6_prefixes')]
      .filter(
        ({ region }) => regions === undefined || (isText(region) && regions.includes(region.toLowerCase())),
      )
      .flatMap(({ ip_prefix: v4, ipv6_prefix: v6 }) => [v4, v6].filter(isText))
}

/** Google's (https://www.gstatic.com/ipranges/goog.json). */
export const googleNetworks: ReadNetworks = (document) =>
  entriesOf(document, 'prefixes').flatMap(({ ipv4Prefix: v4, ipv6Prefix: v6 }) => [v4, v6].filter(isText))

type Entry = Readonly<Record<string, unknown>>

/** What is no list of entries has none; whoever asks refuses a document without any network. */
function entriesOf(document: unknown, name: string): readonly Entry[] {
  const list = isEntry(document) ? document[name] : undefined
  return Array.isArray(list) ? list.filter(isEntry) : []
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
