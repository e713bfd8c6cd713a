import type { Layout, ValueType } from './layout.ts'

/** What belongs at a key, in Markdown: `whole number, 0 or more`, `list of paths`, `` `tcp` or `unix` ``. */
export function describeType(layout: Layout): string {
  switch (layout.kind) {
    case 'struct':
      return 'section'
    case 'map':
      if (layout.others === undefined || Object.keys(layout.known).length > 0) return 'section'
      return `map of names to ${describeMany(layout.others)}`
    case 'list':
      return `list of ${describeMany(layout.item)}`
    default:
      return layout.type === undefined ? 'anything' : describeValue(layout.type)
  }
}

function describeValue(type: ValueType): string {
  switch (type.name) {
    case 'flag':
      return '`true` or `false`'
    case 'whole number':
      return `whole number${describeBounds(type)}`
    case 'word':
      return enumerate(type.words)
    default:
      return type.name
  }
}

function describeBounds({ minimum, maximum }: ValueType & { readonly name: 'whole number' }): string {
  if (minimum === undefined) return ''
  return maximum === undefined ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`
}

function describeMany(layout: Layout): string {
  if (layout.kind === 'list') return `lists of ${describeMany(layout.item)}`
  if (layout.kind === 'struct') return 'sections'
  if (layout.kind === 'map' || layout.type === undefined) return 'anything'
  if (layout.type.name === 'word') return `these: ${layout.type.words.map(code).join(', ')}`
  return layout.type.name === 'flag' ? 'flags' : `${layout.type.name}s`
}

function enumerate(words: readonly string[]): string {
  const all = words.map(code)
  const last = all.pop() ?? ''
  return all.length === 0 ? last : `${all.join(', ')} or ${last}`
}

function code(text: string): string {
  return `\`${text}\``
}
