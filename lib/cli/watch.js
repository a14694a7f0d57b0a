'use strict'

// Reports that one of a module's files has changed, once the files have been quiet for a moment: an editor writes in
// several steps, and a checkout changes many files.
//
// It watches folders, not files, because editors and checkouts replace files.

const { watch } = require('node:fs')
const path = require('node:path')
const { clearTimeout, setTimeout } = require('../globals.js')
const { eachFile } = require('./imports.js')
const { eachSymlink, realPath } = require('./symlinks.js')

const QUIET_MS = 100

class Watch {
  #entry
  #onChange
  // By folder path: the watcher, and the names in the folder that matter.
  #folders = new Map()
  #fileCount = 0
  #timer

  // `entry` is the module's own file, by a path that may contain symlinks.
  constructor(entry, onChange) {
    this.#entry = entry
    this.#onChange = onChange
  }

  get fileCount() {
    return this.#fileCount
  }

  // Watches the files that the module consists of now. Call this before the module is loaded: each file is watched
  // before it is read here, so no change falls between the two. Throws if the system cannot watch more folders.
  look() {
    const before = this.#folders
    this.#folders = new Map()
    this.#fileCount = 0
    try {
      eachSymlink(this.#entry, (link) => this.#follow(link))
      eachFile(realPath(this.#entry), (file) => {
        this.#fileCount++
        this.#follow(file)
      })
    } finally {
      // Closes all of the old watchers: a folder that was replaced has the same path as before.
      for (const { watcher } of before.values()) watcher.close()
    }
  }

  close() {
    clearTimeout(this.#timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
  }

  // If the file's folder is missing, watches the nearest existing folder for the next part of the path.
  #follow(file) {
    const { dir: folder, base: name } = path.parse(file)
    try {
      if (!this.#folders.has(folder)) this.#folders.set(folder, this.#watch(folder))
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(error.code)) throw error
      return this.#follow(folder)
    }
    this.#folders.get(folder).names.add(name)
  }

  #watch(folder) {
    // The folder's own name is reported when the folder is moved.
    const names = new Set([path.basename(folder)])
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      // Some systems do not report the name.
      if (name === null || names.has(name)) this.#changed()
    })
    // Some systems report the removal of a folder in this way.
    watcher.on('error', () => this.#changed())
    return { watcher, names }
  }

  #changed() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, QUIET_MS).unref()
  }
}

module.exports = { Watch }
