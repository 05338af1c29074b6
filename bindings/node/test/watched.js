'use strict'

/**
 * A copy of a request, all of whose members and elements are functions. Each says where it stands, as in `.header.0.1`, before it returns
 * what it holds.
 */
function watched (value, read, place = '') {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value
  const members = Object.entries(value).map(([name, value]) => {
    const here = `${place}.${name}`
    const held = watched(value, read, here)
    return [name, { enumerable: true, get () { read(here); return held } }]
  })
  return Object.defineProperties(Array.isArray(value) ? [] : {}, Object.fromEntries(members))
}

module.exports = { watched }
