import type { Peer } from './corpus-case.ts'

/** What a value must be: exactly this, or of this form; undefined: not there. */
export type Pattern = string | RegExp | undefined

/** Differences in the answers that are meant, or known, for one reason. */
export interface KnownDifference {
  readonly reason: string
  /** Default: both generations. */
  readonly peer?: Peer
  /** Default: any case. */
  readonly cases?: readonly string[]
  readonly of: readonly KnownField[]
}

export type KnownField = readonly [
  probe: string | RegExp,
  field: string | RegExp,
  distribution: Pattern,
  berth: Pattern,
]

/** What http.headers are for. */
const configured =
  /^(?:access-control-|strict-transport-security$|x-content-type-options$|x-frame-options$|x-note$|x-other$)/

/** What the router of Distribution knows nothing of, or sends elsewhere. */
const outsideOfRoutes =
  /^(?:GET \/|GET \/v2|GET \/v2\/_catalog\/\?n=5|GET \/v1\/_ping|GET \/v2\/unknown|GET \/metrics|GET \/debug\/health|GET \/v2\/ beside the prefix|forwarded: GET \/v2)$/

const moved = /^(?:GET \/v2|GET \/v2\/_catalog\/\?n=5|forwarded: GET \/v2)$/

const deletes = /^DELETE (?:manifest|blob|tag)/

/** Requests that a registry refuses as long as it is read-only. */
const writes = /POST$|PUT manifest$|^mount$|^forwarded: |^DELETE /

/**
 * All that Berth answers otherwise than Distribution, and why. Whatever differs and is not listed fails the test, and so does an
 * entry that nothing needs any more.
 */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason:
      'Link has the path of http.host, as Location has: else paging breaks behind a front that takes that path away',
    cases: ['host-with-path'],
    of: [[/(?:catalog|tags), n=1$/, 'link', /^<\/v2\//, /^<\/registry\/v2\//]],
  },
  {
    reason: 'Berth names each request, for its logs and those of proxies.',
    of: [[/./, 'x-request-id', undefined, /^[\w-]+$/]],
  },
  {
    reason: 'Version 2 adds a charset to JSON, which has none (RFC 8259, 11); version 3 does not.',
    peer: 'distribution2',
    of: [[/./, 'content-type', 'application/json; charset=utf-8', 'application/json']],
  },
  {
    reason: 'http.headers are on every answer, for browsers see redirects and errors as well.',
    of: [[outsideOfRoutes, configured, undefined, /./]],
  },
  {
    reason: 'The version header is on every answer, so that any of them tells a registry.',
    of: [['GET /', 'docker-distribution-api-version', undefined, 'registry/2.0']],
  },
  {
    reason: "A redirect has no page of HTML, which is Go's doing; no client of a registry shows it.",
    of: [
      [moved, 'content-type', 'text/html; charset=utf-8', undefined],
      [moved, 'content-length', /./, '0'],
      [moved, 'body', /^<a href="\S+">Moved Permanently<\/a>\.\n\n$/, undefined],
    ],
  },
  {
    reason:
      'The JSON form of errors is used for 405 too, which Distribution answers in text for other methods and when read-only.',
    of: [
      [/^(?:POST \/v2\/_catalog|PATCH manifest)$/, 'status', '405', '405 UNSUPPORTED'],
      [writes, 'status', '405', '405 UNSUPPORTED'],
    ],
  },
  {
    reason: 'A 405 names the methods that are allowed (RFC 9110, 15.5.6).',
    of: [[deletes, 'allow', undefined, 'GET, HEAD']],
  },
  {
    reason: 'HEAD works on lists.',
    of: [[/^OPTIONS .*\/v2\/_catalog$/, 'allow', 'GET', 'GET, HEAD']],
  },
  {
    reason: 'Without Accept, what is stored is served (RFC 9110, 12.5.1).',
    of: [['seeded: GET manifest without Accept', 'status', '404 MANIFEST_UNKNOWN', '200']],
  },
  {
    reason: 'A digest that is none is told from one that does not match.',
    of: [['GET blob, no digest', 'body', 'provided digest did not match uploaded content', 'invalid digest']],
  },
  {
    reason: 'Tags are paged, as in version 3 and in the OCI specification; version 2 gives them all.',
    peer: 'distribution2',
    of: [
      [
        'tags, n=1',
        'body',
        '{"name":"library/app","tags":["v1","v2"]}',
        '{"name":"library/app","tags":["v1"]}',
      ],
      ['tags, n=1', 'link', undefined, /^<\S*\/v2\/library\/app\/tags\/list\?last=v1&n=1>; rel="next"$/],
      ['tags, n=abc', 'status', /^(?:200|404 NAME_UNKNOWN)$/, '400 PAGINATION_NUMBER_INVALID'],
    ],
  },
  {
    reason:
      'A tag can be deleted, as in version 3 and in the OCI specification; version 2 takes digests alone.',
    peer: 'distribution2',
    of: [
      ['DELETE tag', 'status', '400 DIGEST_INVALID', '202'],
      ['deleted: tags', 'body', '{"name":"library/app","tags":["v2"]}', '{"name":"library/app","tags":[]}'],
    ],
  },
  {
    reason: 'What is no digest is told before anybody is asked who he is: it tells nothing of what is there.',
    cases: ['package-debian'],
    of: [['GET blob, no digest', 'status', '401 UNAUTHORIZED', '400 DIGEST_INVALID']],
  },
  {
    reason: 'Actions of one repository are one scope, as in the challenges of auth.token.',
    cases: ['auth-silly'],
    of: [[/POST/, 'www-authenticate', /:pull repository:\S+:push/, /:pull,push/]],
  },
  {
    reason: 'The password of a file that was missing is told past the log, and once.',
    cases: ['package-debian'],
    of: [['log', 'status', 'text', 'other and text']],
  },
  {
    reason: 'X-Forwarded-Port is heeded, which proxies send whose Host header lacks the port.',
    of: [
      [
        'forwarded: X-Forwarded-Port',
        'location',
        /^https:\/\/registry\.example\.com\//,
        /^https:\/\/registry\.example\.com:8443\//,
      ],
    ],
  },
  {
    reason: 'Of a list of protocols the first counts; Distribution makes a URL of the whole list.',
    of: [['forwarded: two protocols', 'location', /^https,http:\/\//, /^https:\/\/registry\.example\.com\//]],
  },
  {
    reason: 'http.host and http.relativeurls keep http.prefix, without which no URL leads back.',
    cases: ['prefix-and-host', 'prefix-nested-relative'],
    of: [
      [/./, 'location', /^https:\/\/www\.example\.com\/v2\//, /^https:\/\/www\.example\.com\/registry\/v2\//],
      [/./, 'location', /^\/v2\//, /^\/my\/nested\/v2\//],
    ],
  },
  {
    reason:
      'A header by variable takes the place of that in the file; Distribution sends both when their letter case differs.',
    cases: ['compose-ui-quoted'],
    of: [[/./, 'x-content-type-options', 'nosniff, nosniff', 'nosniff']],
  },
  {
    reason:
      'An object store has parts of 5 MiB at least, which clients that send chunks should know (OCI-Chunk-Min-Length).',
    cases: ['helm-s3', 's3', 's3-by-variables'],
    of: [[/POST$|^forwarded: /, 'oci-chunk-min-length', undefined, '5242880']],
  },
  {
    reason: 'A redirect has no body, and says so.',
    cases: ['docs-redirect-middleware'],
    of: [[/HEAD blob$/, 'content-length', undefined, '0']],
  },
  {
    reason: 'A middleware that is disabled redirects nothing; Distribution does not heed the key.',
    cases: ['middleware-disabled'],
    of: [[/^(?:seeded: GET|HEAD|GET|deleted: HEAD) blob/, 'status', '307', /^20[06]$/]],
  },
  {
    reason: 'Without its Redis, Distribution fails to delete blobs; Berth needs none.',
    cases: ['harbor', 'redis-absent'],
    of: [
      ['DELETE blob', 'status', '500 UNKNOWN', '202'],
      ['deleted: HEAD blob', 'status', '200', '404'],
    ],
  },
  {
    reason:
      'Client CAs that a variable names one by one count; version 2 passes over them, and asks nobody for a certificate.',
    cases: ['variable-client-cas-indexed'],
    of: [['TLS: client without a certificate', 'status', '200', 'refused']],
  },
  {
    reason: 'Health checks say more, and hold no addresses twice.',
    of: [
      [
        'debug: GET /debug/health',
        'body',
        /downstream service returned unexpected status: 200"/,
        /unexpected status: 200 \(expected 204\)"/,
      ],
      ['debug: GET /debug/health', 'body', /connection/, /"connection failed: connection refused"/],
    ],
  },
  {
    reason: 'No metrics of proxies yet.',
    peer: 'distribution3',
    of: [['debug: GET metrics', /^has registry_proxy_/, 'yes', undefined]],
  },
  {
    reason: "Of the process, there is what prom-client finds; Go's library has a few more.",
    of: [['debug: GET metrics', /^has process_(?:network_|virtual_memory_max_bytes )/, 'yes', undefined]],
  },
  {
    reason:
      'At this level Berth has nothing to say: it misses no secret, and mistakes of clients are no errors of the registry.',
    cases: ['air-gapped', 'compose-quiet', 'log-level-capitals'],
    of: [['log', 'status', 'text', 'silent']],
  },
  {
    reason: "Go logs failed handshakes in a form of its own; Berth's lines are all of one form.",
    of: [['log', 'status', 'text and other', 'text']],
  },
]
