import { domainToASCII } from 'node:url'

declare const parsed: unique symbol

/** A DNS name that a certificate can be ordered for, in the form that stands in it. Only `parseHostName` makes one. */
export type HostName = string & { readonly [parsed]: true }

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** The last label: never a number, by which an IPv4 address is told from a name (RFC 3696, 2). */
const topLabel = /^(?:xn--[a-z0-9-]*[a-z0-9]|[a-z]+)$/

/** Characters of a name (RFC 1035, 2.3.4), less the root's. */
const longest = 253

/** What no name has, but what `domainToASCII` takes for other parts of a URL, or decodes. */
const notInNames = /[\s/\\?#%@:[\]]/

/**
 * @param text as a client or a user wrote it: any letter case, with or without the root's dot, Unicode or Punycode
 * @returns lower case, Punycode, no dot at the end; undefined when it is no DNS name of two labels or more. Addresses are none.
 */
export function parseHostName(text: string): HostName | undefined {
  if (notInNames.test(text)) return undefined
  const name = toAscii(text.endsWith('.') ? text.slice(0, -1) : text)
  const labels = name.split('.')
  const isName =
    name.length <= longest &&
    labels.length > 1 &&
    labels.every((part) => label.test(part)) &&
    topLabel.test(labels.at(-1) ?? '')
  return isName ? (name as HostName) : undefined
}

/** By UTS #46, as browsers do; Go's `idna.Lookup`, which Distribution uses, differs in details. Empty when there is no such form. */
function toAscii(text: string): string {
  const lower = text.toLowerCase()
  // It would read numbers as addresses; plain names need nothing of it.
  const isPlain = /^[a-z0-9.-]+$/.test(lower) && !lower.includes('xn--')
  return isPlain ? lower : domainToASCII(lower)
}
