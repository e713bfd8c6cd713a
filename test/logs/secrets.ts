/** Secrets that a configuration and its clients bring along, and what they look like in a log. */
export class Secrets {
  readonly #made: { readonly name: string; readonly secret: string }[] = []

  /** A secret that is nowhere else, with characters that URLs and base64 write otherwise. */
  make(name: string): string {
    const secret = `${name}!+/=s3cr3t~${this.#made.length}`
    this.#made.push({ name, secret })
    return secret
  }

  /** Which of them occur in a text, plainly or as they are encoded. */
  within(text: string): readonly string[] {
    const found = this.#made.filter(({ secret }) => forms(secret).some((form) => text.includes(form)))
    return found.map(({ name }) => name)
  }
}

function forms(secret: string): readonly string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...base64Forms(secret)]
}

/** What base64 makes of it at each of the three places that it may begin at, without what depends on its neighbours. */
function base64Forms(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.from('x'.repeat(shift) + secret)
      .toString('base64')
      .replaceAll('=', '')
    const inner = encoded.slice(shift === 0 ? 0 : shift + 1, -2)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
