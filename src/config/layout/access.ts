import type { Struct } from '../layout.ts'
import { duration, listOf, mapOf, path, struct, text, texts, words } from './build.ts'

const introduction = `
Rights per repository, whoever tells who somebody is (\`auth\`). [access.md](access.md) has examples.

Without rules, whoever is let in may do everything. With rules, the **first** one whose \`who\` and \`repositories\` both match decides
alone: what it does not allow is denied, and so is what no rule matches. So special rules stand before general ones.

- **who**: \`anonymous\` is everybody, logged in or not, so that nobody loses by a login what is open to all; \`authenticated\` is whoever
  logged in; \`user:NAME\`; \`group:NAME\`; \`claim:NAME=VALUE\` is whoever has a token with that claim, or with a list in it that holds the
  value.
- **repositories**: \`*\` stands for any text within one component, and may be a part of it (\`app-*\`); \`**\` for any number of components,
  none included, so that \`apps/**\` is \`apps\` and all below it. \`{user}\` is the name of whoever asks, where that can be a component of a
  repository's name; else the pattern matches nothing.
- **allow**: \`push\` includes \`pull\`. \`list\` is to find the repository in the catalog, and to list its tags. \`all\` is pull, push, delete
  and list.
- **tags** restricts pushes that set a tag, and nothing else.

\`berth access explain\` says which rule decides. With a rule for \`anonymous\`, clients that log in get their tokens from the registry
itself, at \`auth/token\` below \`http.prefix\`: only so can they pull without a login and push with one.`

const rule = struct('A rule.', {
  who: texts('Whom it is about: one of these. Required.'),
  repositories: texts('Which repositories it is about: one of these patterns. Required.'),
  allow: words(
    ['pull', 'push', 'delete', 'list', 'all'],
    'What they may do there, and nothing else. Required.',
  ),
  tags: texts('Patterns of the tags that a push may set.', { unset: 'any' }),
})

export const access: Struct = struct(
  'Who may do what with which repository.',
  {
    rules: listOf(rule, 'The rules; the first that matches decides.'),
    groups: mapOf(
      { kind: 'list', item: { kind: 'text', type: { name: 'text' } } },
      'The users of each group.',
    ),
    groupfile: path(
      'More groups, a line each: `NAME: user user`, as Apache has them. Looked at again when it changes. Both places together say who is in a group.',
    ),
    immutable: texts(
      'Tags that never get another manifest: `[REPOSITORY:]TAG`, both patterns, such as `v*` or `prod/**:*`. The tag can be pushed once, and the same manifest again.',
    ),
    token: struct('The tokens that the registry gives to clients.', {
      key: path('A private key in PEM, of the curve P-256, that signs them. All replicas need the same.', {
        unset: 'made from `http.secret`, which all replicas then must share',
      }),
      expires: duration(
        'For how long one is good, a minute or more. Rights are looked at whenever it is used, so that it never keeps one that was taken away.',
        { default: '5m' },
      ),
      service: text('What they are for: the name that clients know the registry by.', { default: 'berth' }),
    }),
  },
  { introduction, since: 'berth' },
)
