import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { redactedUrl } from './redacted-url.ts'

const examples: Readonly<Record<string, string>> = {
  'http://db.example.com:8080/ready': 'http://db.example.com:8080/ready',
  'http://127.0.0.1:5000': 'http://127.0.0.1:5000/',
  'https://user:secret@example.com/x': 'https://xxxxx@example.com/x',
  'https://secret@example.com/x': 'https://xxxxx@example.com/x',
  'https://:secret@[::1]:9/x': 'https://xxxxx@[::1]:9/x',
  'https://example.com/x?token=secret&full=1': 'https://example.com/x?token=xxxxx&full=xxxxx',
  'https://example.com/x#secret': 'https://example.com/x',
  'http://user:sec@ret@exam ple/x?secret': 'http://xxxxx@exam ple/x',
}

describe('a URL that is shown', () => {
  for (const [url, shown] of Object.entries(examples)) {
    it(`is ${shown}`, () => assert.equal(redactedUrl(url), shown))
  }
})
