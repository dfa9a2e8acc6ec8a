"use strict";
exports.id = 526;
exports.ids = [526];
exports.modules = {

/***/ 2526:
/***/ (function(__unused_webpack_module, __webpack_exports__, __webpack_require__) {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   setStatus: function() { return /* binding */ setStatus; }
/* harmony export */ });
/* unused harmony export deliveryOf */
/* harmony import */ var _actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2413);
/* harmony import */ var undici__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(6752);


/** Sets the status of a commit. Settles as soon as it is aborted, and never rejects. */
async function setStatus(target, status, signal) {
    const { apiUrl, token, owner, repo, sha, context, targetUrl, userAgent } = target;
    const connections = new AbortController();
    const dispatcher = dispatcherFor(target, connections.signal);
    try {
        const octokit = new _actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__/* .GitHub */ .gq((0,_actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__/* .getOctokitOptions */ .EG)(token, {
            baseUrl: apiUrl,
            userAgent,
            log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
            request: {
                fetch: (url, init) => post(url, { ...init, dispatcher }),
            },
        }));
        const { status: httpStatus } = await octokit.rest.repos.createCommitStatus({
            owner,
            repo,
            sha,
            ...status,
            context,
            target_url: targetUrl,
            request: { signal },
        });
        return httpStatus === CREATED
            ? { kind: 'set' }
            : { kind: 'refused', status: httpStatus, message: 'no status was created' };
    }
    catch (error) {
        return signal.aborted ? { kind: 'failed', cause: 'GitHub did not answer in time' } : deliveryOf(error);
    }
    finally {
        // Also those that are still being set up, which undici leaves to themselves.
        connections.abort();
        void dispatcher.destroy();
    }
}
const CREATED = 201;
/**
 * A repository that was renamed or moved:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
const TO_BE_REPEATED = new Set([307, 308]);
/** Follows one redirect, on the same host: others would make a GET of it, whose answer says nothing, or tell somebody else. */
async function post(url, init) {
    const response = await (0,undici__WEBPACK_IMPORTED_MODULE_1__.fetch)(url, { ...init, redirect: 'manual' });
    const location = response.headers.get('location') ?? '';
    const isToBeRepeated = TO_BE_REPEATED.has(response.status) && location !== '' && URL.canParse(location, url);
    if (!isToBeRepeated)
        return response;
    const next = new URL(location, url);
    return next.origin === new URL(url).origin ? (0,undici__WEBPACK_IMPORTED_MODULE_1__.fetch)(next, { ...init, redirect: 'manual' }) : response;
}
function dispatcherFor({ apiUrl, proxy }, signal) {
    const isSecure = apiUrl.startsWith('https:');
    // With no proxy for https undici would take the one for http.
    const proxyUrl = (isSecure ? proxy.httpsProxy : proxy.httpProxy) ?? '';
    // The caller's signal is the one limit; undici's own would come beside it.
    const connect = { timeout: 0, signal };
    return new undici__WEBPACK_IMPORTED_MODULE_1__.EnvHttpProxyAgent({
        httpProxy: proxyUrl,
        httpsProxy: proxyUrl,
        noProxy: proxy.noProxy,
        proxyTunnel: isSecure,
        connect,
        requestTls: connect,
        proxyTls: connect,
        headersTimeout: 0,
        bodyTimeout: 0,
    });
}
/** What GitHub's answer means, as octokit throws it. */
function deliveryOf(error, nowMs = Date.now()) {
    const { response, message } = error;
    if (response === undefined)
        return { kind: 'failed', cause: causeOf(error) };
    const { status, headers } = response;
    const waitMs = waitMsOf(headers, nowMs);
    if (status === 429 || (status === 403 && (waitMs !== undefined || LIMITED.test(message ?? '')))) {
        return { kind: 'limited', waitMs: waitMs ?? UNTOLD_WAIT_MS };
    }
    if (status >= 400 && status < 500 && status !== 408)
        return { kind: 'refused', status, message: message ?? '' };
    return { kind: 'failed', cause: `GitHub answered with HTTP ${status}` };
}
/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
const UNTOLD_WAIT_MS = 60_000;
/** The secondary limit may come without a header that tells it from a missing permission. */
const LIMITED = /rate limit|abuse/i;
function waitMsOf(headers, nowMs) {
    const retryAfter = headers['retry-after'];
    if (retryAfter !== undefined)
        return secondsOf(retryAfter) ?? UNTOLD_WAIT_MS;
    if (String(headers['x-ratelimit-remaining']) !== '0')
        return undefined;
    const resetMs = secondsOf(headers['x-ratelimit-reset']);
    return resetMs === undefined ? UNTOLD_WAIT_MS : Math.max(0, resetMs - nowMs);
}
/** Whole seconds, told in milliseconds. */
function secondsOf(header) {
    return /^\d+$/.test(String(header)) ? Number(header) * 1_000 : undefined;
}
/** Octokit wraps what fetch throws, and fetch what the socket throws. */
function causeOf(error) {
    const { cause, message, code } = error;
    if (typeof cause === 'object' && cause !== null)
        return causeOf(cause);
    return message || String(code ?? error);
}
function ignore() {
    // What octokit would tell the console, the reporter tells in its own words.
}


/***/ })

};
;