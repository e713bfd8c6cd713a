const mebibyte = 1024 ** 2

/** Bytes: what Amazon and Google want a part to have that is not the last, and what a copy inside of Azure is worth. */
export const smallestPart: number = 5 * mebibyte

/** Bytes of a part that is sent, unless the configuration says otherwise. */
export const defaultChunk: number = 10 * mebibyte
