'use strict'

/** The facts of a request as text, as a mail server in JavaScript has them. */
function plain ({ now, channel, account, clientIp, credential: { kind }, tls, envelopeSender, header }) {
  const fields = header.map(([name, body]) => [String(name), String(body)])
  return { now, channel, account: String(account), clientIp: String(clientIp), credential: { kind }, tls, envelopeSender: String(envelopeSender), header: fields }
}

const quantile = (samples, share) => samples.sort((one, other) => one - other)[Math.floor(samples.length * share)]
const median = samples => quantile(samples, 0.5)

module.exports = { median, plain, quantile }
