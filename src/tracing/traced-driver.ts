import { SpanStatusCode, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api'
import type { StorageDriver, StoragePath } from '../storage/driver.ts'
import { errorType } from './request-span.ts'

/** What Distribution's attributes begin with. */
const prefix = 'io.cncf.distribution.storage.'

/**
 * A driver whose calls are spans, with Distribution's names. Only those that a request makes: what the process does by
 * itself, such as asking the store for its health, would be a trace of its own each time.
 *
 * @param current the context of the request that is being served
 */
export function tracedDriver(
  inner: StorageDriver,
  tracer: Tracer,
  current: () => Context | undefined,
): StorageDriver {
  const { name } = inner

  async function spanned<Value>(
    action: string,
    attributes: Attributes,
    call: (span: Span | undefined) => Promise<Value>,
  ): Promise<Value> {
    const context = current()
    if (context === undefined) return await call(undefined)
    const span = tracer.startSpan(
      action,
      { attributes: { [`${prefix}driver.name`]: name, ...attributes } },
      context,
    )
    try {
      return await call(span)
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      span.end()
    }
  }

  return {
    name,
    ...(inner.minChunk !== undefined && { minChunk: inner.minChunk }),
    stat: (path, options) => spanned('Stat', at(path), () => inner.stat(path, options)),
    read: (path, limit) => spanned('GetContent', at(path), () => inner.read(path, limit)),
    write: (path, content, options) =>
      spanned('PutContent', { ...at(path), ...contentLength(content.length) }, () =>
        inner.write(path, content, options),
      ),
    publish: (objects) =>
      spanned(
        'PutContent',
        {
          ...(objects[0] !== undefined && at(objects[0].path)),
          ...contentLength(objects.reduce((sum, { content }) => sum + (content?.length ?? 0), 0)),
          [`${prefix}objects`]: objects.length,
        },
        () => inner.publish(objects),
      ),
    open: (path, range) =>
      spanned('Reader', { ...at(path), [`${prefix}offset`]: range?.start ?? 0 }, () =>
        inner.open(path, range),
      ),
    create: (path, source, options) =>
      spanned('Writer', { ...at(path), [`${prefix}append`]: false }, async (span) => {
        const size = await inner.create(path, source, options)
        span?.setAttributes(contentLength(size))
        return size
      }),
    move: (from, to, options) =>
      spanned('Move', { [`${prefix}source.path`]: `/${from}`, [`${prefix}dest.path`]: `/${to}` }, () =>
        inner.move(from, to, options),
      ),
    delete: (path) => spanned('Delete', at(path), () => inner.delete(path)),
    deleteTree: (path, options) => spanned('Delete', at(path), () => inner.deleteTree(path, options)),
    removeLeftovers: (olderThan, options) => inner.removeLeftovers(olderThan, options),
    close: () => inner.close(),
    ...(inner.concatenate && {
      concatenate: (parts, to) =>
        spanned('Move', { [`${prefix}objects`]: parts.length, [`${prefix}dest.path`]: `/${to}` }, async () =>
          inner.concatenate?.(parts, to),
        ),
    }),
    ...(inner.signedUrl && {
      signedUrl: (path, use) => spanned('RedirectURL', at(path), async () => inner.signedUrl?.(path, use)),
    }),

    list(path, after): AsyncIterable<string> {
      const context = current()
      const names = inner.list(path, after)
      if (context === undefined) return names
      const attributes = { [`${prefix}driver.name`]: name, ...at(path) }
      return spannedList(names, () => tracer.startSpan('List', { attributes }, context))
    },
  }
}

async function* spannedList(names: AsyncIterable<string>, start: () => Span): AsyncIterable<string> {
  const span = start()
  try {
    yield* names
  } catch (error) {
    fail(span, error)
    throw error
  } finally {
    span.end()
  }
}

/** Paths begin with a slash in Distribution. */
function at(path: StoragePath): Attributes {
  return { [`${prefix}path`]: `/${path}` }
}

function contentLength(bytes: number): Attributes {
  return { [`${prefix}content.length`]: bytes }
}

function fail(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorType(error) ?? 'unknown')
  span.setStatus({ code: SpanStatusCode.ERROR })
}
