const threadPool =
  'Node makes every file call in another thread: two wake-ups each, about 45 calls for a push of three requests. On tmpfs, where the calls themselves cost nothing, that is all there is; on disk fewer fsyncs make up for it.'

/** What holds back a figure that falls short of its bar, by the bar's id. */
export const remarks: Readonly<Record<string, string>> = {
  'push-middle': threadPool,
  'push-tiny': threadPool,
  'push-huge-cpu':
    'Node hands each read of the socket over in a buffer of its own, one more copy than Go makes, and each write goes through another thread. The hash is a third of the whole in both.',
  'blob-many': 'A read through another thread and a write for every MiB, on one event loop.',
  'blob-huge': 'A read through another thread and a write for every MiB.',
  'tls-handshakes':
    "A bare TLS server of Node, which does nothing but greet, takes 1.3 to 1.4 times Distribution's processor time for a handshake, all of it on one thread.",
  'tls-memory-pushes-h1':
    'The same pushes without TLS stay at 121 MiB; what is more are the buffers of Node and OpenSSL for 32 encrypted connections, and the certificates, metrics and checks that this configuration loads.',
  'catalog-first':
    'The page itself is 0.2 ms, most of it HTTP and JSON; Distribution reads the first names of a folder faster from tmpfs.',
}
