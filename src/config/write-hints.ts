import type { List } from './layout.ts'
import { isOwn } from './own-sections.ts'
import type { Path } from './path.ts'
import { isSecret, safeUrl } from './secrets.ts'
import type { Tree } from './tree.ts'

// How something would have to be written, for what YAML understands otherwise than its author.

/** Characters; a longer text is not shown twice. */
const longest = 80

/** ` (write [anonymous])`, of a text in the place of a list of texts. Nothing when that may be a secret. */
export function asList(path: Path, tree: Tree, { item }: List): string {
  if (item.kind !== 'text' || tree.kind !== 'scalar' || isSecret(path)) return ''
  const { text } = tree
  if (text.trim() === '' || text.length > longest || safeUrl(text) !== text) return ''
  const items = text.split(',').map((one) => one.trim())
  return ` (write [${items
    .filter((one) => one !== '')
    .map(quoted)
    .join(', ')}])`
}

/** ` (write group:ci, without the space)`, of `group: ci` in the place of a text, which is a map in YAML. */
export function withoutSpace(path: Path, tree: Tree): string {
  if (!isOwn(path) || tree.kind !== 'map' || tree.entries.size !== 1) return ''
  const [[key, value] = []] = tree.entries
  if (key === undefined || value?.kind !== 'scalar' || key.length + value.text.length > longest) return ''
  return value.text === '' ? '' : ` (write ${key}:${value.text}, without the space)`
}

/** As an item of a list in brackets: what might be anything but text is quoted. */
function quoted(text: string): string {
  const isPlain =
    /^[a-z/][\w./-]*(?::[\w./-]+)?$/i.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text)
  return isPlain ? text : JSON.stringify(text)
}
