// The load program for TLS: what Docker does, with Go's own HTTP client, over HTTP/1.1 or HTTP/2.
//
// It prepares, prints "ready", waits for a line, does its work, and prints one line of JSON. So the clock runs for the work alone.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	poolSize = 16 << 20
	tailSize = 32
)

type options struct {
	url         string
	authority   string
	protocol    int
	repository  string
	path        string
	checked     string
	size        int64
	count       int
	connections int
	seconds     float64
}

// figures are what a run gives.
type figures struct {
	Done       int64   `json:"done"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("handshakes, push or pull")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&o.url, "url", "", "of the server, without a slash at its end")
	flags.StringVar(&o.authority, "authority", "", "PEM file of the authority to trust")
	flags.IntVar(&o.protocol, "http", 1, "1 or 2")
	flags.StringVar(&o.repository, "repository", "", "to push to")
	flags.StringVar(&o.path, "path", "", "to pull")
	flags.StringVar(&o.checked, "checked", "", "path of another blob to pull before, and to compare with its digest")
	flags.Int64Var(&o.size, "size", 0, "bytes of a blob")
	flags.IntVar(&o.count, "count", 1, "how many blobs")
	flags.IntVar(&o.connections, "connections", 1, "how many connections")
	flags.Float64Var(&o.seconds, "seconds", 0, "how long")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	config, err := tlsConfig(o.authority)
	if err != nil {
		return err
	}
	switch args[0] {
	case "handshakes":
		return handshakes(o, config)
	case "push":
		return push(o, config)
	case "pull":
		return pull(o, config)
	default:
		return fmt.Errorf("%s: not handshakes, push or pull", args[0])
	}
}

func tlsConfig(authority string) (*tls.Config, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate", authority)
	}
	return &tls.Config{
		RootCAs:    pool,
		MinVersion: tls.VersionTLS13,
		// What every server here knows, so that all are asked for the same.
		CurvePreferences: []tls.CurveID{tls.X25519},
	}, nil
}

// measured runs the work when it is asked for, and prints its figures.
func measured(work func() (int64, error)) error {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	cpu, start := cpuSeconds(), time.Now()
	done, err := work()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(figures{
		Done:       done,
		Seconds:    time.Since(start).Seconds(),
		CPUSeconds: cpuSeconds() - cpu,
	})
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// handshakes connects again and again, and resumes nothing.
func handshakes(o options, config *tls.Config) error {
	address, err := url.Parse(o.url)
	if err != nil {
		return err
	}
	config.ServerName = address.Hostname()
	config.NextProtos = []string{"http/1.1"}
	once := func() error {
		conn, err := net.Dial("tcp", address.Host)
		if err != nil {
			return err
		}
		defer conn.Close()
		secure := tls.Client(conn, config)
		if err := secure.Handshake(); err != nil {
			return err
		}
		if secure.ConnectionState().DidResume {
			return errors.New("a session was resumed")
		}
		// With a reset at its end, no port lies idle for a minute.
		return conn.(*net.TCPConn).SetLinger(0)
	}
	repeat := func(seconds float64) (int64, error) {
		end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
		var done atomic.Int64
		err := inParallel(o.connections, func(int) error {
			for time.Now().Before(end) {
				if err := once(); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
		return done.Load(), err
	}
	if _, err := repeat(o.seconds / 4); err != nil {
		return err
	}
	return measured(func() (int64, error) { return repeat(o.seconds) })
}

// push pushes fresh blobs as Docker does: POST opens the upload, one PATCH of unknown length brings the bytes, PUT commits.
func push(o options, config *tls.Config) error {
	payloads, err := newPayloads(o.size)
	if err != nil {
		return err
	}
	warm, err := newPayloads(1 << 20)
	if err != nil {
		return err
	}
	clients := newClients(o, config)
	for _, c := range clients {
		for range 4 {
			if err := c.push(o.repository, warm.make()); err != nil {
				return err
			}
		}
	}
	blobs := make([]payload, o.count)
	for index := range blobs {
		blobs[index] = payloads.make()
	}
	return measured(func() (int64, error) {
		err := inParallel(o.count, func(index int) error {
			return clients[index%len(clients)].push(o.repository, blobs[index])
		})
		return int64(o.count) * o.size, err
	})
}

// pull reads one address to its end.
func pull(o options, config *tls.Config) error {
	clients := newClients(o, config)
	// A server that sends wrong bytes quickly has not won.
	err := clients[0].expect(http.StatusOK, http.MethodGet, o.url+o.checked, nil, "", func(answer *http.Response) error {
		content := sha256.New()
		if _, err := io.Copy(content, answer.Body); err != nil {
			return err
		}
		if digest := "sha256:" + hex.EncodeToString(content.Sum(nil)); digest != path.Base(o.checked) {
			return fmt.Errorf("content of %s instead of %s", digest, o.checked)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return measured(func() (int64, error) {
		var size int64
		err := clients[0].expect(http.StatusOK, http.MethodGet, o.url+o.path, nil, "", func(answer *http.Response) error {
			var err error
			size, err = io.Copy(io.Discard, answer.Body)
			return err
		})
		if err == nil && size != o.size {
			err = fmt.Errorf("%d bytes instead of %d", size, o.size)
		}
		return size, err
	})
}

// client has one connection, for as many requests at once as its protocol allows.
type client struct {
	base     string
	protocol int
	http     *http.Client
}

func newClients(o options, config *tls.Config) []client {
	clients := make([]client, o.connections)
	for index := range clients {
		transport := &http.Transport{
			TLSClientConfig:    config.Clone(),
			DisableCompression: true,
			ForceAttemptHTTP2:  o.protocol == 2,
			MaxConnsPerHost:    1,
		}
		if o.protocol != 2 {
			transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		clients[index] = client{o.url, o.protocol, &http.Client{Transport: transport}}
	}
	return clients
}

func (c client) push(repository string, blob payload) error {
	var location string
	follow := func(answer *http.Response) error {
		next, err := answer.Location()
		if err != nil {
			return err
		}
		// The way leads through whatever stands in between, not to where the server says.
		location = c.base + next.RequestURI()
		return nil
	}
	begin := c.base + "/v2/" + repository + "/blobs/uploads/"
	if err := c.expect(http.StatusAccepted, http.MethodPost, begin, nil, "", follow); err != nil {
		return err
	}
	// Hidden behind a plain reader, for its length is not to be known.
	body := struct{ io.Reader }{blob.reader()}
	if err := c.expect(http.StatusAccepted, http.MethodPatch, location, body, "application/octet-stream", follow); err != nil {
		return err
	}
	target, err := url.Parse(location)
	if err != nil {
		return err
	}
	query := target.Query()
	query.Set("digest", blob.digest)
	target.RawQuery = query.Encode()
	return c.expect(http.StatusCreated, http.MethodPut, target.String(), nil, "", nil)
}

// expect sends one request, checks the answer's status and protocol, and reads it to its end.
func (c client) expect(status int, method, target string, body io.Reader, contentType string, use func(*http.Response) error) error {
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != status {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("%s %s: %s %s", method, target, answer.Status, text)
	}
	if answer.ProtoMajor != c.protocol {
		return fmt.Errorf("%s %s: answered by %s", method, target, answer.Proto)
	}
	if use != nil {
		if err := use(answer); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// payload is a blob's content: random bytes that many blobs share, and a tail of its own, which makes its digest a fresh one.
type payload struct {
	digest string
	size   int64
	pool   []byte
	tail   []byte
}

// payloads makes fresh blobs of one size. The shared part is hashed once.
type payloads struct {
	size  int64
	pool  []byte
	state []byte
}

var pool = sync.OnceValue(func() []byte {
	bytes := make([]byte, poolSize)
	_, _ = rand.Read(bytes) // never fails
	return bytes
})

func newPayloads(size int64) (payloads, error) {
	shared := sha256.New()
	p := payload{size: size, pool: pool()}
	if _, err := io.CopyN(shared, p.reader(), size-tailSize); err != nil {
		return payloads{}, err
	}
	state, err := shared.(encoding.BinaryMarshaler).MarshalBinary()
	return payloads{size, p.pool, state}, err
}

func (p payloads) make() payload {
	tail := make([]byte, tailSize)
	_, _ = rand.Read(tail) // never fails
	var whole hash.Hash = sha256.New()
	if err := whole.(encoding.BinaryUnmarshaler).UnmarshalBinary(p.state); err != nil {
		panic(err)
	}
	whole.Write(tail)
	return payload{"sha256:" + hex.EncodeToString(whole.Sum(nil)), p.size, p.pool, tail}
}

func (p payload) reader() io.Reader { return &payloadReader{payload: p} }

type payloadReader struct {
	payload
	at int64
}

func (r *payloadReader) Read(into []byte) (int, error) {
	shared := r.size - tailSize
	if r.at >= r.size {
		return 0, io.EOF
	}
	var n int
	if r.at >= shared {
		n = copy(into, r.tail[r.at-shared:])
	} else {
		from := r.at % poolSize
		n = copy(into, r.pool[from:min(poolSize, from+shared-r.at)])
	}
	r.at += int64(n)
	return n, nil
}

// inParallel gives the first failure of any.
func inParallel(count int, work func(index int) error) error {
	failures := make(chan error, count)
	for index := range count {
		go func() { failures <- work(index) }()
	}
	var first error
	for range count {
		if err := <-failures; err != nil && first == nil {
			first = err
		}
	}
	return first
}
