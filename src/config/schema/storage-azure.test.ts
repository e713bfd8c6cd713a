import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { azure } from './storage-azure.ts'

const least = { accountname: 'account', accountkey: 'a2V5', container: 'registry' }

/** The place and the text of each problem. */
function problemsOf(given: object): readonly string[] {
  const { error } = azure.safeParse(given)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the parameters of azure', () => {
  it("have Distribution's defaults, and need no credentials.type with a key, as in version 2", () => {
    assert.deepEqual(azure.parse(least), {
      name: 'azure',
      accountname: 'account',
      container: 'registry',
      realm: 'core.windows.net',
      rootdirectory: '',
      credentials: { type: 'shared_key', accountkey: 'a2V5' },
      max_retries: 5,
      retry_delay: 100,
      skipverify: false,
    })
  })

  it('say who the registry is in three ways', () => {
    const credentials = { type: 'client_secret', tenantid: 't', clientid: 12, secret: 's' }
    assert.deepEqual(azure.parse({ ...least, credentials }).credentials, {
      type: 'client_secret',
      tenantid: 't',
      clientid: '12',
      secret: 's',
    })
    for (const given of [{ ...least }, { ...least, accountkey: undefined }])
      assert.deepEqual(azure.parse({ ...given, credentials: { type: 'default_credentials' } }).credentials, {
        type: 'default_credentials',
      })
    assert.deepEqual(azure.parse({ ...least, credentials: null }).credentials.type, 'shared_key')
  })

  it('are read as loosely as Go reads them', () => {
    const { accountname, max_retries, retry_delay, skipverify, serviceurl } = azure.parse({
      ...least,
      accountname: 12_345,
      max_retries: '-1',
      retry_delay: '1.5s',
      skipverify: 'T',
      serviceurl: 'http://127.0.0.1:10000/account',
    })
    assert.deepEqual(
      { accountname, max_retries, retry_delay, skipverify, serviceurl },
      {
        accountname: '12345',
        max_retries: -1,
        retry_delay: 1500,
        skipverify: true,
        serviceurl: 'http://127.0.0.1:10000/account',
      },
    )
    const { max_retries: zero, retry_delay: empty } = azure.parse({
      ...least,
      max_retries: 0,
      retry_delay: '',
    })
    assert.deepEqual([zero, empty], [5, 100])
  })

  it('say what is allowed', () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ accountname: '' }, 'accountname: the name of a storage account; it is required'],
      [{ container: undefined }, 'container: the name of a container; it is required'],
      [
        { accountkey: undefined },
        'accountkey: the key of the account, or credentials.type: client_secret or default_credentials',
      ],
      [
        { accountkey: undefined, credentials: { type: 'shared_key' } },
        'accountkey: the key of the account; credentials.type: shared_key requires it',
      ],
      [{ credentials: { type: 'key' } }, 'credentials.type: shared_key, client_secret, default_credentials'],
      [
        { credentials: { type: 'client_secret', tenantid: 't', clientid: 'c' } },
        'credentials.secret: text; client_secret requires it',
      ],
      [{ serviceurl: 'account.example' }, 'serviceurl: a URL, such as https://account.blob.core.windows.net'],
      [{ max_retries: -2 }, 'max_retries: a whole number, -1 or more'],
      [{ retry_delay: '100' }, 'retry_delay: a duration with a unit, such as 100ms'],
      [{ skipverify: 'yes' }, 'skipverify: true or false'],
    ]
    for (const [change, expected] of cases) assert.deepEqual(problemsOf({ ...least, ...change }), [expected])
  })
})
