import { connect } from 'node:net'

/**
 * A program: opens many connections to a port and keeps them until its input ends. Half of them have sent a part of a
 * request. Prints how many are open.
 *
 *     node idle-clients.js PORT COUNT
 */
const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const atOnce = 200

let open = 0

function one(number: number): Promise<void> {
  return new Promise((resolve) => {
    // Several addresses of ourselves, lest the ports of one run out.
    const localAddress = `127.0.0.${2 + (number % 4)}`
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket.once('connect', () => {
      open++
      if (number % 2 === 0) socket.write('GET /v2/ HTTP/1.1\r\nHost: idle\r\n')
      resolve()
    })
    socket.once('error', () => resolve())
    socket.once('close', () => open--)
  })
}

for (let from = 0; from < count; from += atOnce) {
  const numbers = Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => from + index)
  await Promise.all(numbers.map(one))
}
process.stdout.write(`${open}\n`)
process.stdin.resume()
process.stdin.once('end', () => process.exit())
