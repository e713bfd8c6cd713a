/** The way from the root of the configuration to a value: keys of maps, indexes of lists. */
export type Path = readonly (string | number)[]

/**
 * A path as text: `storage.filesystem.rootdirectory`, `notifications.endpoints[0].name`. Keys that hold a dot or a
 * bracket are quoted (`log.fields["a.b"]`), so that two paths never read the same.
 */
export function describePath(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (part === '' || /[.[\]"\p{Cc}]/u.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}
