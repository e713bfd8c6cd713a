import type { Http2Session, ServerHttp2Session, ServerHttp2Stream, Settings } from 'node:http2'

const KiB = 1024
const MiB = 1024 * KiB

/**
 * What a connection begins with. The window is what a client may send ahead of us on one stream: as much of each body lies in
 * memory while the store is slow, and a client that is 20 ms away sends at most 50 times as much in a second.
 */
const initial = { initialWindowSize: 256 * KiB, maxConcurrentStreams: 100 }

/**
 * What is granted to a connection on which a body goes on for a while. It is never taken back: clients are known to send a little more
 * than they may after a window was made smaller, and lose the stream. (Nor do fewer streams go with it: those that are under
 * way would be refused.)
 */
const granted = { initialWindowSize: 2 * MiB }

/** Connections at once that have it. */
const mostGranted = 4
/** Bodies that arrive in the whole process: with more of them, memory counts more than the speed of one. */
const fewBodies = 4
/** Milliseconds that a body has to go on; of several that begin together, none is the first then. */
const aWhile = 100

/** Bytes for all streams of a connection. No bound on memory: Node counts as read here all that has arrived. */
const connectionWindow = 16 * MiB

/** Flow control of what clients of HTTP/2 send (RFC 9113, 5.2): large windows while few bodies arrive, small ones when many do. */
export class Http2Windows {
  /** For new connections. */
  readonly settings: Settings = initial
  readonly #granted = new Set<Http2Session>()
  #bodies = 0

  /** To be called with each new connection. */
  open(session: ServerHttp2Session): void {
    session.setLocalWindowSize(connectionWindow)
    session.on('stream', (stream: ServerHttp2Stream) => {
      if (stream.endAfterHeaders) return
      this.#bodies++
      const timer = setTimeout(() => this.#consider(session), aWhile)
      stream.once('close', () => {
        this.#bodies--
        clearTimeout(timer)
      })
    })
    session.once('close', () => this.#granted.delete(session))
  }

  #consider(session: ServerHttp2Session): void {
    if (this.#bodies > fewBodies || this.#granted.size >= mostGranted) return
    if (this.#granted.has(session) || session.destroyed) return
    this.#granted.add(session)
    session.settings(granted)
  }
}
