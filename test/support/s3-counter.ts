import type { IncomingMessage } from 'node:http'
import type { S3Proxy } from './s3-proxy.ts'

/** How many requests there were, by their names. */
export type Counts = Readonly<Record<string, number>>

/** Counts what goes through a proxy before an S3 server, whoever sends it: tries that are repeated count, too. */
export class S3Counter {
  #counts: Record<string, number> = {}

  constructor(proxy: S3Proxy) {
    proxy.fate = (request) => {
      const operation = operationOf(request)
      this.#counts[operation] = (this.#counts[operation] ?? 0) + 1
      return undefined
    }
  }

  /** What came since it was asked last. */
  take(): Counts {
    const counts = this.#counts
    this.#counts = {}
    return counts
  }
}

export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Without those that carry, or copy, parts of a large object: how many these are is a matter of the object's size. */
export function withoutParts({ UploadPart = 0, UploadPartCopy = 0, ...others }: Counts): number {
  return totalOf(others) + Math.min(UploadPart, 1) + Math.min(UploadPartCopy, 1)
}

/** S3's name of a request. */
function operationOf({ method = '', url = '', headers }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://store')
  const isBucket = !/^\/[^/]+\/./.test(pathname)
  const isCopy = headers['x-amz-copy-source'] !== undefined
  switch (method) {
    case 'HEAD':
      return isBucket ? 'HeadBucket' : 'HeadObject'
    case 'GET':
      if (searchParams.has('uploads')) return 'ListMultipartUploads'
      if (searchParams.has('uploadId')) return 'ListParts'
      return isBucket ? 'ListObjects' : 'GetObject'
    case 'PUT':
      if (searchParams.has('partNumber')) return isCopy ? 'UploadPartCopy' : 'UploadPart'
      return isCopy ? 'CopyObject' : 'PutObject'
    case 'POST':
      if (searchParams.has('delete')) return 'DeleteObjects'
      return searchParams.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
    case 'DELETE':
      return searchParams.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
    default:
      return method
  }
}
