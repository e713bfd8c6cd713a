import type { RepositoryName } from '../registry/name.ts'
import type { Tag } from '../registry/reference.ts'
import { RepositoryPattern } from './repository-pattern.ts'
import { matchesText } from './wildcard.ts'

export interface ImmutablePattern {
  /** A pattern of repositories, without `{user}`. */
  readonly repositories: string
  /** A pattern of tags. */
  readonly tags: string
}

/** Which tags never get another manifest. */
export function immutableTags(
  patterns: readonly ImmutablePattern[],
): (repository: RepositoryName, tag: Tag) => boolean {
  const compiled = patterns.map(({ repositories, tags }) => ({
    repositories: new RepositoryPattern(repositories),
    tags,
  }))
  return (repository, tag) =>
    compiled.some(
      ({ repositories, tags }) => matchesText(tags, tag) && repositories.matches(repository, undefined),
    )
}
