import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/** Threads that fetch from a server, make many small objects of what they got, keep those of the last items, and append to a file of their own each. */
class Worker extends Thread {
    static final int FETCH = 1, TRANSFORM = 2, WRITE = 3;
    static final Map<String, String> SETTINGS = new HashMap<>();
    /** What lives as long as the program. */
    static Object[] cache;
    static volatile long sum;
    static ByteBuffer books;

    /** As much HTTP/1.1 as is needed, on a kept-alive connection. */
    static class Peer {
        final Socket socket;
        final byte[] buffer = new byte[65536];

        Peer(String address) throws IOException {
            String[] parts = address.split(":");
            socket = new Socket(parts[0], Integer.parseInt(parts[1]));
            socket.setTcpNoDelay(true);
        }

        /** Length of the reply's body. */
        int ask(String method, String path, String body) throws IOException {
            String head = method + " " + path + " HTTP/1.1\r\nHost: peer\r\nContent-Length: " + body.length() + "\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            for (int have = 0;;) {
                int more = in.read(buffer, have, buffer.length - have);
                if (more <= 0) throw new IOException("closed");
                have += more;
                String text = new String(buffer, 0, Math.min(have, 256), StandardCharsets.ISO_8859_1);
                int end = text.indexOf("\r\n\r\n"), field = text.indexOf("Content-Length: ");
                if (end < 0) continue;
                int length = Integer.parseInt(text.substring(field + 16, text.indexOf("\r\n", field)));
                if (have >= end + 4 + length) return length;
            }
        }
    }

    /** The books a worker keeps of its own work (layout: holdup::demo::Ledger). */
    static class Page {
        static final VarHandle CELL = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
        final int base;

        Page(int worker) {
            base = (worker + 1) * 128;
        }

        void add(int cell, long more) {
            int place = base + cell * 8;
            CELL.setVolatile(books, place, (long) CELL.getVolatile(books, place) + more);
        }

        /** Ends the stage under way with so many items done, and begins another. */
        void enter(int stage, int items) {
            add(0, 1);
            long now = System.nanoTime();
            long left = (long) CELL.getVolatile(books, base + 8), since = (long) CELL.getVolatile(books, base + 16);
            add(4 + (int) left, now - since);
            add(3, items);
            CELL.setVolatile(books, base + 8, (long) stage);
            CELL.setVolatile(books, base + 16, now);
            add(0, 1);
        }
    }

    final int worker;

    Worker(int worker) {
        this.worker = worker;
    }

    static long number(String name) {
        return Long.parseLong(SETTINGS.getOrDefault(name, "0"));
    }

    /** Small objects, each with a reference to the one before. */
    static Object[] objects(int count) {
        Object[] list = new Object[count];
        for (int at = 0; at < count; at++) list[at] = new Object[] {at % 100 == 0 ? null : list[at - 1], new byte[24]};
        return list;
    }

    @Override
    public void run() {
        try {
            Peer source = new Peer(SETTINGS.get("input"));
            byte[] body = new byte[(int) number("bytes")];
            Object[][] kept = new Object[(int) Math.max(1, number("kept") / number("workers") / number("objects"))][];
            FileOutputStream out = new FileOutputStream("data/out-" + worker);
            Thread.sleep(number("stagger_us") * worker / 1000);
            Page page = new Page(worker);
            page.enter(FETCH, 0);
            for (int item = 0;; item++) {
                int rows = source.ask("GET", "/rows", "");
                page.enter(TRANSFORM, 0);
                Object[] objects = objects((int) number("objects"));
                kept[item % kept.length] = objects;
                body[0] = (byte) (rows + objects.length);
                page.enter(WRITE, 0);
                out.write(body);
                page.enter(FETCH, 1);
            }
        } catch (IOException | InterruptedException over) {
            return;
        }
    }

    public static void main(String[] words) throws Exception {
        for (String line : Files.readAllLines(Path.of("settings"))) {
            String[] pair = line.split(" ", 2);
            SETTINGS.put(pair[0], pair[1]);
        }
        try (FileChannel file = FileChannel.open(Path.of("books"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            books = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size()).order(ByteOrder.nativeOrder());
        }
        cache = objects((int) number("cached"));
        for (int worker = 0; worker < number("workers"); worker++) new Worker(worker).start();
        Thread.sleep(number("seconds") * 1000);
        sum = cache.length;
        Runtime.getRuntime().halt(1);
    }
}
