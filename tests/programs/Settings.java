import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/** What a program is told, and the books of all its workers. */
final class Settings {
    static final Map<String, String> WORDS = new HashMap<>();
    static ByteBuffer books;

    static void read() throws IOException {
        for (String line : Files.readAllLines(Path.of("settings"))) {
            String[] pair = line.split(" ", 2);
            WORDS.put(pair[0], pair[1]);
        }
        try (FileChannel file = FileChannel.open(Path.of("books"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            books = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size()).order(ByteOrder.nativeOrder());
        }
    }

    static String word(String name) {
        return WORDS.get(name);
    }

    static long number(String name) {
        return Long.parseLong(WORDS.getOrDefault(name, "0"));
    }
}
