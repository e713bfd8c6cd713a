/** The values of the label `handler`: Distribution's, and for what it has not: the referrers API, and tokens. */
export const handlerNames = [
  'base',
  'blob',
  'blob_upload',
  'blob_upload_chunk',
  'catalog',
  'manifest',
  'referrers',
  'tags',
  'token',
] as const

export type HandlerName = (typeof handlerNames)[number]

const byRouteKind: Readonly<Record<string, HandlerName>> = {
  base: 'base',
  blob: 'blob',
  uploads: 'blob_upload',
  upload: 'blob_upload_chunk',
  catalog: 'catalog',
  manifest: 'manifest',
  referrers: 'referrers',
  tags: 'tags',
  token: 'token',
}

/** The handler of a kind of route; undefined for what reaches none: `/`, unknown paths, paths that are moved. */
export function handlerOf(routeKind: string): HandlerName | undefined {
  return Object.hasOwn(byRouteKind, routeKind) ? byRouteKind[routeKind] : undefined
}
