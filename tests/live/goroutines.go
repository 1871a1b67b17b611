// Goroutines of which it is known what they do: 20 wait for a lock, one sleeps while it has it, 10 for a channel of 3 slots that is full,
// 7 to take from an empty one.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"time"
)

var table sync.Mutex

func storeRow() {
	table.Lock()
	time.Sleep(time.Hour)
	table.Unlock()
}

func lend(slots chan int) { slots <- 1 }

func take(rows chan int) { <-rows }

func main() {
	slots, rows := make(chan int, 3), make(chan int)
	for i := 0; i < 21; i++ {
		go storeRow()
	}
	for i := 0; i < 13; i++ {
		go lend(slots)
	}
	for i := 0; i < 7; i++ {
		go take(rows)
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	input := bufio.NewReader(os.Stdin)
	input.ReadString('\n')
	time.Sleep(500 * time.Millisecond)
	fmt.Println(20, 10, 7)
	input.ReadString('\n')
}
