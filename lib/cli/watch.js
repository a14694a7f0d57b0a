'use strict'

// Tells when a file that a module is made of has changed, once the files have been left alone for a moment: an editor
// writes in several steps, and a checkout changes many files.
//
// Folders are watched and not files, as editors and checkouts put new files in the place of the old ones.

const { watch } = require('node:fs')
const path = require('node:path')
const { clearTimeout, setTimeout } = require('../globals.js')
const { eachFile } = require('./imports.js')
const { eachSymlink, realPath } = require('./symlinks.js')

const QUIET_MS = 100

class Watch {
  #entry
  #onChange
  // By the path of each folder: what watches it, and the names in it that count.
  #folders = new Map()
  #fileCount = 0
  #timer

  // `entry` is the module's own file, by a path that may have links.
  constructor(entry, onChange) {
    this.#entry = entry
    this.#onChange = onChange
  }

  get fileCount() {
    return this.#fileCount
  }

  // Watches what the module imports now. To be called before it is loaded: each file is watched before it is read here,
  // so a change is never between the two. Throws where the system does not watch any more folders.
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
      // All of them: a folder that was replaced by another has the same path.
      for (const { watcher } of before.values()) watcher.close()
    }
  }

  close() {
    clearTimeout(this.#timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
  }

  // Where its folder is missing, the nearest one that is there is watched for the next part of the path.
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
    // Its own name is told when it is moved.
    const names = new Set([path.basename(folder)])
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      // Some systems do not tell the name.
      if (name === null || names.has(name)) this.#changed()
    })
    // On some systems that is how the end of a folder is told.
    watcher.on('error', () => this.#changed())
    return { watcher, names }
  }

  #changed() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, QUIET_MS).unref()
  }
}

module.exports = { Watch }
