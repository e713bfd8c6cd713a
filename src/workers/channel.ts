import { timerOf } from '../util/timer.ts'

/** The way to another process: what Node's IPC is of it. */
export interface Port {
  /** Throws, or does nothing, when the other one is gone. */
  send(message: object): void
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
}

/** By topic, what is asked and what is answered. */
export type Topics = Readonly<Record<string, { readonly ask: unknown; readonly answer: unknown }>>

type Packet = { readonly berth: true } & (
  | { readonly kind: 'question'; readonly id: number; readonly topic: string; readonly content: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly content: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
)

interface Pending {
  readonly resolve: (content: unknown) => void
  readonly reject: (error: Error) => void
}

/** The other process did not answer in time, or is gone. */
export class NoAnswer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoAnswer'
  }
}

/** Of what nobody waits for. */
const unasked = 0

/**
 * Questions and answers between two processes.
 *
 * @typeParam Ours what we answer
 * @typeParam Theirs what they answer
 */
export class Channel<Ours extends Topics, Theirs extends Topics> {
  readonly #port: Port
  readonly #pending = new Map<number, Pending>()
  readonly #works = new Map<string, (content: unknown) => unknown>()
  #questions = unasked
  #isClosed = false

  constructor(port: Port) {
    this.#port = port
    port.onMessage((message) => this.#receive(message))
    port.onClose(() => this.#close())
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param milliseconds to wait at most
   * @throws NoAnswer; Error with what the other one said when it failed
   */
  async ask<Topic extends keyof Theirs & string>(
    topic: Topic,
    content: Theirs[Topic]['ask'],
    milliseconds: number,
  ): Promise<Theirs[Topic]['answer']> {
    const id = ++this.#questions
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject })
        const late = (): void => reject(new NoAnswer(`no answer for ${milliseconds / 1000} s`))
        timer = setTimeout(late, timerOf(milliseconds))
        if (!this.#send({ berth: true, kind: 'question', id, topic, content })) reject(gone())
      })
    } finally {
      clearTimeout(timer)
      this.#pending.delete(id)
    }
  }

  /** Says something. Nobody learns whether it was heard. */
  tell<Topic extends keyof Theirs & string>(topic: Topic, content: Theirs[Topic]['ask']): void {
    this.#send({ berth: true, kind: 'question', id: unasked, topic, content })
  }

  /** Says who answers. What he throws becomes the failure of whoever asked: its message alone. */
  answer<Topic extends keyof Ours & string>(
    topic: Topic,
    work: (content: Ours[Topic]['ask']) => Ours[Topic]['answer'] | Promise<Ours[Topic]['answer']>,
  ): void {
    this.#works.set(topic, work)
  }

  #receive(message: unknown): void {
    if (!isPacket(message)) return
    if (message.kind === 'question') {
      void this.#work(message.id, message.topic, message.content)
      return
    }
    // Whoever asked may have given up.
    const pending = this.#pending.get(message.id)
    if (message.kind === 'answer') pending?.resolve(message.content)
    else pending?.reject(new Error(message.reason))
  }

  async #work(id: number, topic: string, content: unknown): Promise<void> {
    let packet: Packet
    try {
      const work = this.#works.get(topic)
      if (work === undefined) throw new Error(`nobody answers to ${topic}`)
      packet = { berth: true, kind: 'answer', id, content: await work(content) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      packet = { berth: true, kind: 'failure', id, reason }
    }
    if (id !== unasked) this.#send(packet)
  }

  #send(packet: Packet): boolean {
    if (this.#isClosed) return false
    try {
      this.#port.send(packet)
      return true
    } catch {
      return false
    }
  }

  #close(): void {
    this.#isClosed = true
    for (const { reject } of this.#pending.values()) reject(gone())
  }
}

function gone(): NoAnswer {
  return new NoAnswer('the process is gone')
}

/** Others send messages too: `cluster` itself, and libraries. */
function isPacket(message: unknown): message is Packet {
  return typeof message === 'object' && message !== null && 'berth' in message
}
