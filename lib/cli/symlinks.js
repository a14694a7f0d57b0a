'use strict'

// Links on the way to a file: one of them may name another folder by the time at which the file is read again, as where
// each version of a service has a folder of its own, and a link names the current one.

const { lstatSync, readlinkSync, realpathSync, statSync } = require('node:fs')
const path = require('node:path')

// As many as Linux follows.
const LINKS_MAX = 40

// The working folder, by the name that the shell or the service manager has for it, which may be a link.
function workingFolder() {
  const { PWD = '' } = process.env
  return path.isAbsolute(PWD) && realPath(PWD) === realPath('.') ? PWD : process.cwd()
}

// The path of the file that `name` was `resolved` to, which may have been named without its ending, or by its folder.
// It has the links that `name` has.
function entryOf(name, resolved) {
  const stats = statSync(name, { throwIfNoEntry: false })
  if (stats === undefined) return name + path.extname(resolved)
  return stats.isDirectory() ? path.join(name, path.relative(realpathSync(name), resolved)) : name
}

// Where that is now; itself where there is no such file.
function realPath(file) {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

// Calls `see` with the path of each link that leads to the file, right before it is read.
function eachSymlink(file, see) {
  for (let rest = file, count = 0; count < LINKS_MAX; count++) {
    const link = firstSymlinkIn(rest)
    if (link === undefined) return
    see(link)
    rest = path.resolve(path.dirname(link), targetOf(link), path.relative(link, rest))
  }
}

function firstSymlinkIn(file) {
  const { root } = path.parse(file)
  let at = root
  for (const name of path.relative(root, file).split(path.sep)) {
    at = path.join(at, name)
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return at
  }
}

function targetOf(link) {
  try {
    return readlinkSync(link)
  } catch {
    // It is just being replaced. That is seen.
    return link
  }
}

module.exports = { eachSymlink, entryOf, realPath, workingFolder }
