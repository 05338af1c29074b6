'use strict'

// Run by `npm run build`. In index.d.ts, classes that scripts cannot construct seem to have a constructor without
// arguments, as any class has that is declared without one: this says that theirs is none to call.

const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const PATH = join(__dirname, 'index.d.ts')
const CLASS = /^(export declare class .*\{\n)([^]*?)^\}/gm

const types = readFileSync(PATH, 'utf8')
writeFileSync(PATH, types.replace(CLASS, (whole, head, members) =>
  /^ {2}(private )?constructor\(/m.test(members) ? whole : `${head}  private constructor()\n${members}}`))
