'use strict'

// The methods that a path allows, in the form of `Allow`, and the refusals of other methods: the counterpart of
// `src/http/methods.rs`.

const { UNKNOWN_METHOD, refusal } = require('./refusals.js')

const CALL = 'POST'
const READ = 'GET, HEAD'
const READ_AND_CALL = 'GET, HEAD, POST'

const NOT_ALLOWED = {
  [CALL]: refusal(405, 'The only method allowed here is POST.'),
  [READ]: refusal(405, 'The only methods allowed here are GET and HEAD.'),
  [READ_AND_CALL]: refusal(405, 'The only methods allowed here are GET, HEAD and POST.')
}
const UNKNOWN = refusal(501, 'This server does not know this method; it accepts GET, HEAD and POST.')

// The methods of RFC 9110 section 9.3, then the others in the registry of section 16.1.1.
const KNOWN = new Set(
  ('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK ' +
    'LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND ' +
    'REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL').split(' ')
)

// The refusal of this method at a path that has the `allowed` methods.
function refuseMethod(method, allowed) {
  if (KNOWN.has(method)) return { ...NOT_ALLOWED[allowed], allowed }
  return { ...(allowed === CALL ? UNKNOWN_METHOD : UNKNOWN), allowed }
}

function isRead(method) {
  return method === 'GET' || method === 'HEAD'
}

module.exports = { CALL, READ, READ_AND_CALL, isRead, refuseMethod }
