namespace Temper.Data;

/// <summary>How a picture is brought to another size.</summary>
public enum PictureScaling
{
    /// <summary>The nearest pixel.</summary>
    Nearest,

    /// <summary>Between the two neighbors along each axis, by their distance.</summary>
    Linear,
}
