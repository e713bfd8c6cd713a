import { isDigest, type Digest } from '../registry/digest.ts'
import { isRepositoryName, type RepositoryName } from '../registry/name.ts'

/** What processes tell each other. Each has a random name. */
export type Message =
  /** I listen. */
  | { readonly kind: 'here'; readonly sender: string }
  /** I listen no longer. */
  | { readonly kind: 'gone'; readonly sender: string }
  /** Something was deleted; without a digest: something changed that the catalog shows. */
  | {
      readonly kind: 'changed'
      readonly sender: string
      readonly number: number
      readonly repository: RepositoryName
      readonly digest: Digest | undefined
    }
  /** I know what `to` told by that number. */
  | { readonly kind: 'heard'; readonly sender: string; readonly to: string; readonly number: number }

/** More is none of ours. */
const longest = 600

const name = /^[0-9a-f]{16}$/
const count = /^\d{1,15}$/

export function writeMessage(message: Message): string {
  const begin = `${message.kind} ${message.sender}`
  if (message.kind === 'changed')
    return `${begin} ${message.number} ${message.repository} ${message.digest ?? '-'}`
  if (message.kind === 'heard') return `${begin} ${message.to} ${message.number}`
  return begin
}

/** @returns undefined for whatever is no message */
export function readMessage(text: string): Message | undefined {
  if (text.length > longest) return undefined
  const [kind, sender = '', third = '', fourth = '', fifth = '', ...rest] = text.split(' ')
  if (!name.test(sender) || rest.length > 0) return undefined
  if ((kind === 'here' || kind === 'gone') && third === '') return { kind, sender }
  if (kind === 'heard' && name.test(third) && count.test(fourth) && fifth === '')
    return { kind, sender, to: third, number: Number(fourth) }
  if (kind !== 'changed' || !count.test(third) || !isRepositoryName(fourth)) return undefined
  if (fifth !== '-' && !isDigest(fifth)) return undefined
  return {
    kind,
    sender,
    number: Number(third),
    repository: fourth,
    digest: fifth === '-' ? undefined : fifth,
  }
}
