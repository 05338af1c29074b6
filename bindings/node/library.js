'use strict'

const { readdirSync } = require('node:fs')

/** Finds what `npm run build` made on a machine like this one. */
function library () {
  const system = `${process.platform}-${process.arch}`
  const name = readdirSync(__dirname).find(name => name.startsWith(`sendas.${system}`) && name.endsWith('.node'))
  if (name === undefined) throw new Error(`this copy of sendas holds no library for ${system}; build it there with \`npm run build\``)
  return `./${name}`
}

module.exports = require(library())
