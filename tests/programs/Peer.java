import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** As much HTTP/1.1 as is needed, on a kept-alive connection. */
final class Peer {
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
