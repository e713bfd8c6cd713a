import type { KnownDifference } from '../corpus/differences.ts'

const unpermitted = /^Bearer .*scope="repository:(?:absent|seeded)\/app:delete"/
const permitted = /^Bearer .*scope="repository:(?:absent|seeded)\/app:pull,push"/

/** All that Berth answers otherwise than Distribution where somebody has to say who he is, and why. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason: 'To cancel an upload is part of pushing: who may push need not be able to delete.',
    of: [
      [/: DELETE \S+\/uploads\/0/, 'www-authenticate', unpermitted, permitted],
      [/: DELETE \S+\/uploads\/0/, 'detail', /"delete"}\]$/, /"pull"},\{.*"push"}\]$/],
    ],
  },
  {
    reason:
      'A source of mounts is asked for where there are mounts; with other requests `from` means nothing.',
    of: [
      [/: GET \S+\?from=/, 'www-authenticate', /other\/app:pull/, /^Bearer .*:pull"(?:,error="\w+")?$/],
      [/: GET \S+\?from=/, 'detail', /other\/app/, /^\[\{"[^[{]*"pull"}\]$/],
    ],
  },
  {
    reason: 'Actions of one repository are one scope, as in the challenges of auth.token.',
    cases: ['silly'],
    of: [[/: (?:PATCH|POST|PUT) /, 'www-authenticate', /:pull repository:\S+:push/, /:pull,push/]],
  },
  {
    reason: 'A token that is not good is always told from none; version 3 tells some of them apart no more.',
    peer: 'distribution3',
    of: [
      [
        /^(?:HMAC with the public key|access that is no list|another key|end as text|no signature): /,
        'www-authenticate',
        /^(?!.*error=)/,
        /,error="invalid_token"$/,
      ],
    ],
  },
  {
    reason: 'A header that is no Bearer header (RFC 6750, 2.1) is as good as none, as in version 2.',
    peer: 'distribution3',
    of: [[/^(?:two spaces|a word more): /, 'www-authenticate', /,error="invalid_token"$/, /^(?!.*error=)/]],
  },
  {
    reason: 'A token may be for several, as in version 3 (RFC 7519, 4.1.3).',
    peer: 'distribution2',
    of: [[/^several audiences: /, 'status', '401 UNAUTHORIZED', '200']],
  },
  {
    reason: 'Padding of base64 says nothing, and some clients leave it out.',
    cases: ['htpasswd'],
    of: [[/^no padding: /, 'status', '401 UNAUTHORIZED', '200']],
  },
  {
    reason:
      'What is no name, tag or digest is told before anybody is asked who he is: it tells nothing of what is there.',
    of: [
      [/: GET \/v2\/UPPER\//, 'status', '404', '400 NAME_INVALID'],
      [/: GET \S+\/manifests\/-$/, 'status', '404', '400 TAG_INVALID'],
      [/: GET \S+\/blobs\/sha256:0$/, 'status', '401 UNAUTHORIZED', '400 DIGEST_INVALID'],
      [
        /: GET \S+\/blobs\/sha256:0$/,
        'body',
        'provided digest did not match uploaded content',
        'invalid digest',
      ],
    ],
  },
  {
    reason: 'There are referrers.',
    of: [
      [/: GET \S+\/referrers\//, 'status', '404', /^(?:200|401 UNAUTHORIZED)$/],
      [/: OPTIONS \S+\/referrers\//, 'status', '404', /^(?:200|401 UNAUTHORIZED)$/],
    ],
  },
  {
    reason: 'HEAD works on lists.',
    of: [
      [/: HEAD \S+\/(?:_catalog|tags\/list)$/, 'status', '405', /^(?:200|404)$/],
      [/: OPTIONS \S+\/(?:_catalog|tags\/list)$/, 'allow', 'GET', 'GET, HEAD'],
    ],
  },
  {
    reason:
      'The JSON form of errors is used for 405 too, and all of them name the methods (RFC 9110, 15.5.6).',
    of: [
      [/: [A-Z]+ /, 'status', '405', '405 UNSUPPORTED'],
      [/: DELETE \S+\/(?:manifests|blobs)\//, 'allow', undefined, 'GET, HEAD'],
    ],
  },
  {
    reason: 'An upload that is not there is that, whatever is asked of it; and where they begin is none.',
    of: [
      [/: [A-Z]+ \S+\/uploads\/0/, 'status', '404 BLOB_UPLOAD_INVALID', '404 BLOB_UPLOAD_UNKNOWN'],
      [/: OPTIONS \S+\/uploads\/0/, 'status', '404 BLOB_UPLOAD_INVALID', '200'],
      [/: GET \S+\/uploads\/$/, 'status', '404 BLOB_UPLOAD_UNKNOWN', '405 UNSUPPORTED'],
      [/: OPTIONS \S+\/uploads\/$/, 'allow', 'DELETE, GET, HEAD, PATCH, POST, PUT', 'POST'],
    ],
  },
  {
    reason: 'A whole blob is taken in one request (OCI distribution specification, "Single POST").',
    of: [[/: POST \S+\?digest=/, 'status', '202', '201']],
  },
  {
    reason: 'A manifest that is none is the mistake of the client.',
    of: [[/: PUT \S+\/manifests\/pushed$/, 'status', '500 UNKNOWN', '400 MANIFEST_INVALID']],
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
    reason: 'The version header is on every answer, so that any of them tells a registry.',
    of: [[/: GET \/$/, 'docker-distribution-api-version', undefined, 'registry/2.0']],
  },
  {
    reason: "A redirect has no page of HTML, which is Go's doing; no client of a registry shows it.",
    of: [
      [/: GET \/v2/, 'content-type', 'text/html; charset=utf-8', undefined],
      [/: GET \/v2/, 'content-length', /./, '0'],
      [/: GET \/v2/, 'body', /^<a href="\S+">Moved Permanently<\/a>\.\n\n$/, undefined],
    ],
  },
]
