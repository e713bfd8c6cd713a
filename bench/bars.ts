import type { MediumName } from './media.ts'

/**
 * What Berth on Node 24 has to reach, as a ratio to Distribution or as a limit in the load's own unit. A ratio above 1 is always in
 * Berth's favour.
 */
export interface Bar {
  /** Also the key of its remark in remarks.ts. */
  readonly id: string
  readonly load: string
  /** Whom the ratio is to. Default: Distribution 3. */
  readonly to?: 'distribution2'
  readonly measure: 'ratio' | 'cpu-ratio' | 'limit'
  readonly atLeast: number
  readonly hopedFor?: number
  /** Default: disk and tmpfs. */
  readonly on?: readonly MediumName[]
}

export const bars: readonly Bar[] = [
  ratio('base', 2, 3),
  ratio('manifest-by-digest', 4, 6),
  ratio('manifest-by-digest-head', 4, 6),
  ratio('manifest-by-tag', 1.5, 2.5),
  ratio('blob-tiny', 8, 15),
  ratio('blob-many', 1, 1.3),
  ratio('blob-huge', 0.8, 1),
  ratio('push-huge', 1, 1.4),
  { id: 'push-huge-cpu', load: 'push-huge', measure: 'cpu-ratio', atLeast: 1 },
  ratio('push-middle', 1.5, 2.5),
  ratio('push-tiny', 2, 4),
  ratio('tags-many-first', 20, 100),
  ratio('catalog-first', 20, 100),
  limit('memory-idle', 90),
  limit('memory-pushes', 150),
  { ...ratio('auth-htpasswd', 50), to: 'distribution2' },
  ratio('auth-token', 3),
  ratio('tls-handshakes', 0.8),
  ratio('tls-manifest-by-digest', 2.5),
  ...['h1', 'h1-20ms', 'h2', 'h2-20ms'].flatMap((way) => [
    ratio(`tls-pull-${way}`, 0.8),
    ratio(`tls-push-${way}`, 0.8),
  ]),
  ...s3Ratios([
    ['push-huge', 1.5],
    ['push-middle', 1.5],
    ['manifest-by-tag', 3],
    ['manifest-by-digest', 3],
  ]),
  limit('tls-start', 400),
  limit('tls-memory-pushes-h1', 150),
  limit('tls-memory-pushes-h2', 150),
  limit('tls-memory-pushes-h2-one', 150),
]

function ratio(load: string, atLeast: number, hopedFor?: number): Bar {
  return { id: load, load, measure: 'ratio', atLeast, ...(hopedFor !== undefined && { hopedFor }) }
}

/** Those of a store of objects. */
function s3Ratios(all: readonly (readonly [load: string, atLeast: number])[]): readonly Bar[] {
  return all.map(([load, atLeast]) => ({ ...ratio(load, atLeast), id: `s3-${load}`, on: ['s3'] }))
}

function limit(load: string, atLeast: number): Bar {
  return { id: load, load, measure: 'limit', atLeast }
}
