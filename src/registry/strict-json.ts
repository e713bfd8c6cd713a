/** How deeply arrays and objects may lie in each other: far more than any manifest needs. */
const maxDepth = 100

const quote = 0x22
const backslash = 0x5c

/**
 * Parses JSON that has one meaning. `JSON.parse` and other parsers disagree on which of two equal keys counts, so that a
 * manifest with duplicate keys could be checked as one thing and pulled as another.
 *
 * @param bytes UTF-8
 * @throws SyntaxError when the text is not UTF-8, not JSON, repeats a key within an object, or nests too deeply
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  refuseAmbiguity(text)
  return JSON.parse(text)
}

/** One pass over the tokens; leaves it to `JSON.parse` to refuse what is no JSON at all. */
function refuseAmbiguity(text: string): void {
  const keys: (Set<string> | undefined)[] = []
  let lastString: string | undefined
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at)
        lastString = text.slice(at, end + 1)
        at = end
        break
      }
      case ':': {
        const key = unescape(lastString)
        const known = keys.at(-1)
        if (key === undefined || known === undefined) throw new SyntaxError(`unexpected ":" at ${at}`)
        if (known.has(key)) throw new SyntaxError(`duplicate key ${JSON.stringify(key.slice(0, 100))}`)
        known.add(key)
        break
      }
      case '{':
      case '[':
        keys.push(text[at] === '{' ? new Set() : undefined)
        if (keys.length > maxDepth) throw new SyntaxError(`nested more than ${maxDepth} deep`)
        break
      case '}':
      case ']':
        keys.pop()
        break
      default:
    }
  }
}

/** The place of the closing quote, or of the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at
}

function unescape(string: string | undefined): string | undefined {
  if (string === undefined) return undefined
  return string.includes('\\') ? String(JSON.parse(string)) : string.slice(1, -1)
}
