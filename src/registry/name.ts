import { RegistryError } from './errors.ts'

declare const parsed: unique symbol

/** The name of a repository, such as `library/debian`. Only `parseRepositoryName` makes one. */
export type RepositoryName = string & { readonly [parsed]: true }

/** Bytes. Distribution refuses longer names with a 500; the OCI specification lets a registry limit them. */
const maxLength = 255

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const pattern = new RegExp(`^${component}(?:/${component})*$`)

/** Whether `text` is a repository name by the OCI distribution specification, "Pulling manifests". */
export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= maxLength && pattern.test(text)
}

/**
 * Parses a repository name.
 *
 * @throws RegistryError NAME_INVALID
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text
  const reason =
    text.length > maxLength ? `longer than ${maxLength} characters` : 'not of the form of a repository name'
  throw new RegistryError('NAME_INVALID', { detail: { name: text.slice(0, maxLength), reason } })
}
