// Calls functions with Go's own HTTP client, and reports any answer that it should not have got.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

// Content of unknown length is sent in chunks.
type unknownLength struct{ io.Reader }

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}

func post(path, mediaType string, body io.Reader) (int, string) {
	request, err := http.NewRequest(http.MethodPost, os.Args[1]+path, body)
	check(err)
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	request.Header.Set("X-Request-Id", "abc")
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(err)
	return response.StatusCode, string(answer)
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(what ...interface{}) {
	fmt.Println(what...)
	os.Exit(1)
}

func called(path, mediaType string, body io.Reader, wanted string) {
	if status, answer := post(path, mediaType, body); status != http.StatusOK || answer != wanted {
		fail(path, status, answer, "instead of", wanted)
	}
}

func refused(path, mediaType, body string, wanted int, code string) {
	if status, answer := post(path, mediaType, strings.NewReader(body)); status != wanted || !strings.Contains(answer, code) {
		fail(path, status, answer, "instead of", wanted, code)
	}
}

func main() {
	const JSON = "application/json"
	called("/add/3/4", "", nil, "7")
	called("/add", JSON, strings.NewReader("[3,4]"), "7")
	byName, err := json.Marshal(map[string]int{"a": 3, "b": 4})
	check(err)
	called("/add", JSON, bytes.NewReader(byName), "7")
	called("/add", JSON+"; charset=utf-8", unknownLength{strings.NewReader("[3,4]")}, "7")
	called("/greet/"+url.PathEscape("Ada/Grace ü?"), "", nil, `"Hello, Ada/Grace ü?."`)
	called("/factorial/25", "", nil, `"15511210043330985984000000"`)
	called("/size", "image/png", bytes.NewReader(make([]byte, 500_000)), "500000")
	called("/size", "", unknownLength{bytes.NewReader(make([]byte, 100_000))}, "100000")
	called("/who", "", nil, "abc")
	refused("/add/3/x", "", "", http.StatusBadRequest, `"pointer":"#/1"`)
	refused("/add", "text/plain", "[3,4]", http.StatusUnsupportedMediaType, "ERR_MEDIA_TYPE")
	refused("/nosuch", JSON, "[]", http.StatusNotFound, "ERR_UNKNOWN_FUNCTION")
	refused("/refuse", "", "", http.StatusConflict, "ERR_REFUSED")

	var all sync.WaitGroup
	for i := 0; i < 100; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			called(fmt.Sprintf("/add/%d/1", i), "", nil, fmt.Sprint(i+1))
		}(i)
	}
	all.Wait()
	fmt.Println("all right")
}
