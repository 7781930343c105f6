using Temper.Data.Images;

namespace Temper.Data.Video;

/// <summary>
/// Draws optical flow as a picture: hue shows the direction (color wheel of Baker et al., 2011), saturation shows the
/// magnitude; zero flow is white.
/// </summary>
public static class FlowPicture
{
    /// <summary>Number of wheel steps between red, yellow, green, cyan, blue, magenta and red.</summary>
    private static readonly int[] Steps = [15, 6, 4, 11, 13, 6];

    private static readonly byte[][] Wheel = MakeWheel();

    /// <summary>Draws one flow field.</summary>
    /// <param name="flow">Flow <c>[H, W, 2]</c>: dx and dy in pixels.</param>
    /// <param name="height">Height H.</param>
    /// <param name="width">Width W.</param>
    /// <param name="largest">Magnitude in pixels drawn at full saturation; 0: the largest magnitude of the
    /// field.</param>
    public static Picture Draw(ReadOnlySpan<float> flow, int height, int width, double largest = 0)
    {
        double most = largest > 0 ? largest : Longest(flow);
        byte[] pixels = new byte[height * width * 3];
        for (int i = 0; i < height * width; i++)
        {
            Color(flow[2 * i] / most, flow[(2 * i) + 1] / most, pixels.AsSpan(3 * i, 3));
        }

        return new Picture(width, height, 3, pixels);
    }

    /// <summary>Returns the largest finite magnitude of a flow field in pixels, at least 1e-6.</summary>
    /// <param name="flow">Pairs of dx and dy in pixels.</param>
    public static double Longest(ReadOnlySpan<float> flow)
    {
        double most = 1e-6;
        for (int i = 0; i + 1 < flow.Length; i += 2)
        {
            double length = Math.Sqrt((flow[i] * (double)flow[i]) + (flow[i + 1] * (double)flow[i + 1]));
            most = double.IsFinite(length) ? Math.Max(most, length) : most;
        }

        return most;
    }

    private static void Color(double dx, double dy, Span<byte> pixel)
    {
        double length = Math.Sqrt((dx * dx) + (dy * dy));
        if (!double.IsFinite(length))
        {
            pixel.Clear();
            return;
        }

        double place = (Math.Atan2(-dy, -dx) / Math.PI + 1) / 2 * (Wheel.Length - 1), part = place - Math.Floor(place);
        byte[] one = Wheel[(int)place % Wheel.Length], two = Wheel[((int)place + 1) % Wheel.Length];
        for (int channel = 0; channel < 3; channel++)
        {
            double color = (((1 - part) * one[channel]) + (part * two[channel])) / 255;
            color = length <= 1 ? 1 - (length * (1 - color)) : color * 0.75;
            pixel[channel] = (byte)Math.Clamp(Math.Floor(255 * color), 0, 255);
        }
    }

    private static byte[][] MakeWheel()
    {
        // Each segment changes one channel: green rises, red falls, blue rises, green falls, red rises, blue falls.
        (int Channel, bool Rises)[] changes = [(1, true), (0, false), (2, true), (1, false), (0, true), (2, false)];
        byte[] color = [255, 0, 0];
        List<byte[]> wheel = [];
        for (int segment = 0; segment < Steps.Length; segment++)
        {
            (int channel, bool rises) = changes[segment];
            for (int i = 0; i < Steps[segment]; i++)
            {
                byte[] now = (byte[])color.Clone();
                now[channel] = (byte)(rises ? 255 * i / Steps[segment] : 255 - (255 * i / Steps[segment]));
                wheel.Add(now);
            }

            color[channel] = (byte)(rises ? 255 : 0);
        }

        return [.. wheel];
    }
}
