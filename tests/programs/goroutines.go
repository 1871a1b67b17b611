// Goroutines that fetch from one server and post to another, past what the settings say.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	fetching = 1 + iota
	transforming
	writing
	waiting
)

var settings = map[string]string{}

func number(name string) int {
	value, _ := strconv.Atoi(settings[name])
	return value
}

func micros(name string) time.Duration {
	return time.Duration(number(name)) * time.Microsecond
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var begun, begunAt = time.Now(), monotonic()

// CLOCK_MONOTONIC by a call of the kernel; later times come from the runtime's own clock, which needs none.
func monotonic() int64 {
	var at syscall.Timespec
	_, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&at)), 0)
	if failed != 0 {
		must(failed)
	}
	return at.Nano()
}

func now() int64 {
	return begunAt + int64(time.Since(begun))
}

// One worker's page of the books (layout: holdup::demo::GroundTruth).
type page []uint64

func (p page) enter(stage uint64, items uint64) {
	p[0]++
	at := uint64(now())
	p[4+p[1]] += at - p[2]
	p[3] += items
	p[1] = stage
	p[2] = at
	p[0]++
}

func books() []uint64 {
	file, err := os.OpenFile("books", os.O_RDWR, 0)
	must(err)
	info, err := file.Stat()
	must(err)
	bytes, err := syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	must(err)
	return unsafe.Slice((*uint64)(unsafe.Pointer(&bytes[0])), len(bytes)/8)
}

// A kept-alive connection that one asks on at a time.
type peer struct {
	conn   net.Conn
	reader *bufio.Reader
}

func connect(address string) *peer {
	conn, err := net.Dial("tcp", address)
	must(err)
	return &peer{conn, bufio.NewReader(conn)}
}

func (p *peer) ask(method string, body []byte) []byte {
	head := fmt.Sprintf("%s /rows HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", method, len(body))
	_, err := p.conn.Write(append([]byte(head), body...))
	must(err)
	length := 0
	for {
		line, err := p.reader.ReadString('\n')
		must(err)
		line = strings.ToLower(strings.TrimSpace(line))
		if line == "" {
			break
		}
		if name := "content-length:"; strings.HasPrefix(line, name) {
			length, err = strconv.Atoi(strings.TrimSpace(line[len(name):]))
			must(err)
		}
	}
	reply := make([]byte, length)
	_, err = io.ReadFull(p.reader, reply)
	must(err)
	return reply
}

var (
	table  sync.Mutex
	slots  chan struct{}
	idle   chan *peer
	blocks chan []byte
	pace   sync.Mutex
	next   time.Time
)

// Waits for the next of evenly spaced moments.
func throttle() {
	pace.Lock()
	if now := time.Now(); next.Before(now) {
		next = now
	}
	mine := next
	next = next.Add(micros("spacing_us"))
	pace.Unlock()
	time.Sleep(time.Until(mine))
}

// Stores what the workers hand over.
func drain() {
	sink := connect(settings["output"])
	for body := range blocks {
		sink.ask("POST", body)
	}
}

func appendBlock(p page, sink *peer, body []byte) {
	switch {
	case number("slots") == 1:
		p.enter(waiting, 0)
		table.Lock()
		defer table.Unlock()
	case slots != nil:
		p.enter(waiting, 0)
		slots <- struct{}{}
		defer func() { <-slots }()
	}
	p.enter(writing, 0)
	sink.ask("POST", body)
}

func lend(p page, body []byte) {
	p.enter(writing, 0)
	sink := <-idle
	sink.ask("POST", body)
	idle <- sink
}

func work(worker int, p page) {
	time.Sleep(time.Duration(worker) * micros("stagger_us"))
	source := connect(settings["input"])
	var sink *peer
	if idle == nil && blocks == nil {
		sink = connect(settings["output"])
	}
	filler := make([]byte, number("bytes"))
	p.enter(fetching, 0)
	for {
		rows := source.ask("GET", nil)
		p.enter(transforming, 0)
		for round := 0; round < number("rounds"); round++ {
			sum := sha256.Sum256(rows)
			rows = append(rows[:0], sum[:]...)
		}
		body := append([]byte(hex.EncodeToString(rows)), filler...)
		if pause := micros("paused_us"); pause > 0 {
			p.enter(waiting, 0)
			time.Sleep(pause)
		}
		if number("spacing_us") > 0 {
			p.enter(waiting, 0)
			throttle()
		}
		switch {
		case blocks != nil:
			p.enter(waiting, 0)
			blocks <- body
		case idle != nil:
			lend(p, body)
		default:
			appendBlock(p, sink, body)
		}
		p.enter(fetching, 1)
	}
}

func main() {
	text, err := os.ReadFile("settings")
	must(err)
	for _, line := range strings.Split(string(text), "\n") {
		if name, value, found := strings.Cut(line, " "); found {
			settings[name] = value
		}
	}
	if number("slots") > 1 {
		slots = make(chan struct{}, number("slots"))
	}
	if count := number("connections"); count > 0 {
		idle = make(chan *peer, count)
		for i := 0; i < count; i++ {
			idle <- connect(settings["output"])
		}
	}
	if number("consumers") > 0 {
		blocks = make(chan []byte)
		for i := 0; i < number("consumers"); i++ {
			go drain()
		}
	}
	if count := number("processors"); count > 0 {
		runtime.GOMAXPROCS(count)
	}
	cells := books()
	for worker := 0; worker < number("workers"); worker++ {
		go work(worker, cells[16*(worker+1):16*(worker+2)])
	}
	time.Sleep(time.Duration(number("seconds")) * time.Second)
}
