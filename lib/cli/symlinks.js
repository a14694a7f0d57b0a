'use strict'

// The symlinks on the way to a file. One of them may point to another folder when the file is read again: a service may
// have a folder for each version, and a link to the current one.

const { lstatSync, readlinkSync, realpathSync, statSync } = require('node:fs')
const path = require('node:path')

// The most that Linux follows.
const LINKS_MAX = 40

// The working folder, by the name that the shell or the service manager uses for it, which may be a symlink.
function workingFolder() {
  const { PWD = '' } = process.env
  return path.isAbsolute(PWD) && realPath(PWD) === realPath('.') ? PWD : process.cwd()
}

// The path of the file that `name` was `resolved` to; `name` may lack the extension, or name the file's folder. The
// symlinks in `name` are kept.
function entryOf(name, resolved) {
  const stats = statSync(name, { throwIfNoEntry: false })
  if (stats === undefined) return name + path.extname(resolved)
  return stats.isDirectory() ? path.join(name, path.relative(realpathSync(name), resolved)) : name
}

// The real path, or the same path if there is no such file.
function realPath(file) {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

// Calls `see` with the path of each symlink that leads to the file, right before it reads the symlink.
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
    // It is just being replaced. The watcher will notice.
    return link
  }
}

module.exports = { eachSymlink, entryOf, realPath, workingFolder }
